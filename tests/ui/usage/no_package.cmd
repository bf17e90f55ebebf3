# exit: 2
rexc build .
