# exit: 2
rexc --message-format xml build
