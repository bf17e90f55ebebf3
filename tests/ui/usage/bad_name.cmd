# exit: 2
rexc new xdp ../x
