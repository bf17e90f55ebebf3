# exit: 0
rexc --help
