// conversation: beside core and shell
