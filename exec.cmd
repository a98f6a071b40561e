@rem npm scripts start with the shell's exec, so that signals reach Node itself; Windows has none, so here it is.
@%*
