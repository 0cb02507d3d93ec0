# Does what the payload says, as a program of a user might.
payload=$(cat)
field() { printf '%s' "$payload" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }
case $(field do) in
succeed) printf '{"n": %s, "job": "%s", "attempt": %s}\n' "$(field n)" "$SPOOLED_JOB_ID" "$SPOOLED_ATTEMPT" ;;
fail)
    printf 'connecting\nno mail server\n' >&2
    exit 3
    ;;
refuse)
    echo "no such address" >&2
    exit 65
    ;;
crash) kill -KILL $$ ;;
hang) sleep 600 ;;
wait)
    : >"$(field started)"
    until [ -e "$(field go)" ]; do sleep 0.02; done
    echo '{"waited": true}'
    ;;
esac
