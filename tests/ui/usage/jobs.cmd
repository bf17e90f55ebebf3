# exit: 2
rexc -j zero build
