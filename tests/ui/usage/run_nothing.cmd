# exit: 2
rexc run
