# exit: 1
rexc inspect missing.rex
