# exit: 2
rexc build --sign-kye x
