"""python src/demo.py --help"""

from genlab.apps.command.main import main

if __name__ == "__main__":
    main("demo")
