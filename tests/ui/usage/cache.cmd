# exit: 2
rexc cache claen
