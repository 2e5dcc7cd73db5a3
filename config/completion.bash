# Made by scripts/complete.py. Source this file: what follows --config is completed.
_seq2report() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local key= place=$COMP_CWORD
  COMPREPLY=()
  # Bash takes gpu=1 for three words.
  if [[ $word == = ]]; then
    key=$before= word=
  elif [[ $before == = ]]; then
    key=${COMP_WORDS[COMP_CWORD - 2]}=
  fi
  # Both take several words: the last option before this word decides.
  while [[ $place -gt 1 && ${COMP_WORDS[place - 1]} != --* ]]; do place=$((place - 1)); done
  case "${COMP_WORDS[place - 1]}" in
  --config)
    mapfile -t COMPREPLY < <(compgen -W "name= sample=true sample=false gpu=0 gpu=1 gpu_absent=error gpu_absent=cpu memory_mb= mirror=" -- "$key$word")
    COMPREPLY=("${COMPREPLY[@]#"$key"}")
    [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
    ;;
  --configfile | --configfiles)
    mapfile -t COMPREPLY < <(compgen -f -X "!*.yaml" -- "$word"; compgen -d -S / -- "$word")
    ;;
  esac
}
# The rest is completed as ever.
complete -o default -F _seq2report snakemake
