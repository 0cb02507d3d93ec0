#!/bin/sh
# One job: spooled work backups -- sh examples/command/backup.sh
# Any failing command ends the script, and with it the attempt; its last lines are the job's error.
set -eu

folder=$(cat | sed -n 's/.*"folder": *"\([^"]*\)".*/\1/p')
archive=$(mktemp -d)/backup.tar.gz

tar -czf "$archive" -C "$folder" .
echo "$SPOOLED_JOB_ID: $(wc -c <"$archive") bytes" >&2
printf '{"archive": "%s"}\n' "$archive"
