# exit: 0
rexc explain rex0002
