/** What a shell reads once, so that it asks the plugin what may follow. Each answers with the lines of `complete`. */
const PROGRAM = "kubectl-ceilometer_upgrade";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** COMP_WORDS has `--output=json` in three words; `complete` puts them together again. */
const BASH = `# bash completion for ${PROGRAM}: source <(${PROGRAM} completion bash)
_kubectl_ceilometer_upgrade() {
  local -a lines
  local line directive=0
  mapfile -t lines < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for line in "\${lines[@]}"; do
    case "$line" in
      :*) directive="\${line#:}" ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done
  # 4: no files.
  if ((directive & 4)); then compopt +o default 2>/dev/null; else compopt -o default 2>/dev/null; fi
}
complete -o default -F _kubectl_ceilometer_upgrade ${PROGRAM}
`;

const ZSH = `#compdef ${PROGRAM}
# zsh completion for ${PROGRAM}: source <(${PROGRAM} completion zsh)
_kubectl_ceilometer_upgrade() {
  local -a lines candidates
  local line directive=0 tab=$'\\t'
  lines=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${lines[@]}"; do
    case "$line" in
      :*) directive="\${line#:}" ;;
      ?*) candidates+=("\${\${line//:/\\\\:}/$tab/:}") ;;
    esac
  done
  [[ "\${words[CURRENT]}" == -*=* ]] && compset -P '*='
  (( \${#candidates} )) && _describe 'candidate' candidates
  (( directive & 4 )) || _files
}
compdef _kubectl_ceilometer_upgrade ${PROGRAM}
`;

const FISH = `# fish completion for ${PROGRAM}: ${PROGRAM} completion fish | source
function __kubectl_ceilometer_upgrade
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l prefix (string match -r -- '^-[^=]*=' $current)
  for line in ($words[1] complete -- $words[2..] "$current" 2>/dev/null)
    if not string match -q -- ':*' $line
      echo "$prefix$line"
    else if test $line = ':0'
      __fish_complete_path (string replace -- "$prefix" '' "$current")
    end
  end
end
complete -c ${PROGRAM} -f -a '(__kubectl_ceilometer_upgrade)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
