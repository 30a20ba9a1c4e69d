#!/usr/bin/env bash
# Follows sdk/README.md from an empty folder: writes its files, runs its commands, looks for what it says they print.
#   follow_readme.sh README FOLDER
# A fence "sh" is commands, "text" is what the commands before it print, and a word behind the language is a file's name.
# The caller sets BUILD, as the README says. The two ports become free ones; what the plugins were built into stays.
set -euo pipefail
readme=$1 folder=$2
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

# Ports below the range from which the system gives out its own.
free_port() {
  local port try
  for try in {1..50}; do
    port=$((10000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}
front=$(free_port) back=$(free_port)
export PORTS="s/127\.0\.0\.1:3001/127.0.0.1:$front/g; s/127\.0\.0\.1:3002/127.0.0.1:$back/g"

# Each fence becomes a file; those of commands and of what they print go to .steps, numbered.
mkdir .steps
awk '
  /^```/ && !inside {
    inside = 1
    split(substr($0, 4), words, " ")
    if (words[1] == "sh") to = sprintf(".steps/%03d.sh", ++steps)
    else if (words[1] == "text") to = sprintf(".steps/%03d.text", steps)
    else if (words[2] == "") { print "a fence without a file: " $0 > "/dev/stderr"; exit 1 }
    else {
      to = words[2]
      parent = to
      if (sub("/[^/]*$", "", parent)) system("mkdir -p " parent)
    }
    printf "" > to
    next
  }
  /^```/ { inside = 0; close(to); next }
  inside { print > to }
' "$readme"
sed -i "$PORTS" policy.yaml .steps/*.sh

# One shell for all of them, as at a desk; each step has its own output.
for step in .steps/*.sh; do
  printf 'exec >%q 2>&1\n' "$PWD/${step%.sh}.out"
  cat "$step"
done >.steps/all
set +e
bash -c 'trap "kill \$(jobs -p) 2>/dev/null || true" EXIT; set -euo pipefail; . .steps/all' </dev/null
code=$?
set -e
if [ $code -ne 0 ]; then
  last=$(ls .steps/*.out | tail -n 1)
  echo "the README's commands failed with $code:"
  cat "${last%.out}.sh" "$last"
  exit 1
fi

bad=0
for expected in .steps/*.text; do
  while IFS= read -r line; do
    grep -qiF -- "$line" "${expected%.text}.out" && continue
    echo "the README says that this prints '$line':"
    cat "${expected%.text}.sh" "${expected%.text}.out"
    bad=1
  done <"$expected"
done
exit $bad
