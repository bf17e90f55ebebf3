# exit: 2
rexc new xpd foo
