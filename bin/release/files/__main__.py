import sys

from bjob_command import main

sys.exit(main())
