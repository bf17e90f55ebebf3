# exit: 2
rexc verify --integrity-olny x.rex
