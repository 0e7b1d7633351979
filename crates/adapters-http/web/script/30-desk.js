// desk: beside core and shell
