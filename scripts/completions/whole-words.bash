
# Images have colons in their names, at which readline splits words. The function above gets whole
# words, and what it offers loses the part that stands before the last colon on the line.
_deroot_whole_words() {
    local -a whole=()
    local -i index current=0
    local line=$COMP_LINE word
    for ((index = 0; index < ${#COMP_WORDS[@]}; index++)); do
        word=${COMP_WORDS[index]}
        if [[ ${#whole[@]} -gt 0 && -n $line && ! $line =~ ^[[:space:]] ]]; then
            whole[${#whole[@]} - 1]+=$word
        else
            whole+=("$word")
            [[ $line =~ ^[[:space:]]+ ]] && line=${line:${#BASH_REMATCH}}
        fi
        line=${line#"$word"}
        ((index == COMP_CWORD)) && current=${#whole[@]}-1
    done
    local -a COMP_WORDS=("${whole[@]}")
    local -i COMP_CWORD=$current
    local before=
    ((current > 0)) && before=${whole[current - 1]}
    _deroot "$1" "${whole[current]}" "$before"
    local stands=
    [[ $COMP_WORDBREAKS == *:* ]] && stands=${whole[current]%"${whole[current]##*:}"}
    COMPREPLY=("${COMPREPLY[@]#"$stands"}")
    # After a transport or a directory the name goes on.
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:/] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o filenames -F _deroot_whole_words deroot
