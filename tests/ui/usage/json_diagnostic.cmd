# exit: 2
rexc --message-format json biuld
