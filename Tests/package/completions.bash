# Completes as an interactive bash does, without a terminal: completions.bash SCRIPT
# Reads lines `WORDS BEFORE THE CURSOR|WHAT MUST BE OFFERED...` from standard input, where a word
# with a ! in front must not be offered and = alone means that nothing else may be. Prints what is
# wrong; silence is success.
source "$1"
# Splits a line at blanks and, like readline, at colons and equals signs.
split() {
    local line=$1 rest
    COMP_WORDS=()
    while [ -n "$line" ]; do
        rest=${line#"${line%%[![:space:]]*}"}
        [ -n "$rest" ] || break
        if [[ $rest == [:=]* ]]; then
            COMP_WORDS+=("${rest:0:1}")
            line=${rest:1}
        else
            COMP_WORDS+=("${rest%%[[:space:]:=]*}")
            line=${rest#"${rest%%[[:space:]:=]*}"}
        fi
    done
    [[ $1 == *[[:space:]] ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}
while IFS='|' read -r line wanted; do
    COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
    split "$line"
    # readline hands over an empty word where the cursor stands behind a colon.
    word=${COMP_WORDS[COMP_CWORD]}
    [ "$word" = : ] && word=
    # The function that bash itself would call.
    function=$(complete -p deroot | sed 's/.*-F \([^ ]*\).*/\1/')
    "$function" deroot "$word" "${COMP_WORDS[COMP_CWORD - 1]}"
    declare -A offered=()
    for name in "${COMPREPLY[@]}"; do [ -n "$name" ] && offered[$name]=1; done
    only=
    count=0
    for name in $wanted; do
        case $name in
        =) only=1 ;;
        !*) [ -z "${offered[${name#!}]:-}" ] || echo "'$line' offers ${name#!}" ;;
        *)
            count=$((count + 1))
            [ -n "${offered[$name]:-}" ] || echo "'$line' does not offer $name, but: ${COMPREPLY[*]}"
            ;;
        esac
    done
    [ -z "$only" ] || [ ${#offered[@]} -eq $count ] || echo "'$line' offers more: ${COMPREPLY[*]}"
    unset offered
done
