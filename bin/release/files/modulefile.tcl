#%Module1.0
## Environment Modules: `module use FOLDER/share/modulefiles`, then `module load bjob`.
set root [file normalize [file join [file dirname $ModulesCurrentModulefile] .. .. ..]]
proc ModulesHelp {} { puts stderr "bjob runs thousands of batch jobs with nothing but directories. Start with: bjob --help" }
module-whatis "bjob @VERSION@: @DESCRIPTION@"
prepend-path PATH $root/bin
prepend-path MANPATH $root/share/man
