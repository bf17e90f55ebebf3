# exit: 2
rexc
