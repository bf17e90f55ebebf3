# exit: 2
rexc biuld
