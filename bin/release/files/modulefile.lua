-- Lmod: `module use FOLDER/share/modulefiles`, then `module load bjob`.
local root = myFileName():gsub("/share/modulefiles/bjob/[^/]*$", "")
help("bjob runs thousands of batch jobs with nothing but directories. Start with: bjob --help")
whatis("Name: bjob")
whatis("Version: @VERSION@")
whatis("Description: @DESCRIPTION@")
prepend_path("PATH", pathJoin(root, "bin"))
prepend_path("MANPATH", pathJoin(root, "share/man"))
