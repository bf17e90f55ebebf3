# exit: 2
rexc explain REX9999
