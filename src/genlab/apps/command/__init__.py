from genlab.apps.command.interpreter import require_python

require_python()
