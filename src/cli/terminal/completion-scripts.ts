/** Completion scripts of the shells, which call bjob. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const

const BASH = `# Completion of bjob in bash.
_bjob() {
    mapfile -t COMPREPLY < <(bjob --complete bash "\${COMP_LINE:0:COMP_POINT}" "$2" 2> /dev/null)
    case \${COMPREPLY[0]-} in
        :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
        :folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
        *[/=]) compopt -o nospace ;;
    esac
}
complete -F _bjob bjob
`

const ZSH = `#compdef bjob
# Completion of bjob in zsh.
_bjob() {
    local line
    local -a lines whole open described
    lines=("\${(@f)$(bjob --complete zsh "\${(j: :)words[1,CURRENT-1]} $PREFIX" 2> /dev/null)}")
    case $lines[1] in
        '') return 1 ;;
        :files) _files; return ;;
        :folders) _files -/; return ;;
        *$'\\t'*)
            for line in $lines; do described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"); done
            _describe -t words bjob described
            return ;;
    esac
    whole=(\${lines:#*[/=]})
    open=(\${(M)lines:#*[/=]})
    (( $#open )) && compadd -S '' -a open
    (( $#whole )) && compadd -a whole
}
if [[ $funcstack[1] == _bjob ]]; then _bjob "$@"; else compdef _bjob bjob; fi
`

const FISH = `# Completion of bjob in fish.
function __bjob_complete
    set -l lines (bjob --complete fish (commandline -cp) 2> /dev/null)
    switch "$lines[1]"
        case ''
        case :files
            __fish_complete_path (commandline -ct)
        case :folders
            __fish_complete_directories (commandline -ct)
        case '*'
            printf '%s\\n' $lines
    end
end
complete -c bjob -f -a '(__bjob_complete)'
`

export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = { bash: BASH, zsh: ZSH, fish: FISH }
