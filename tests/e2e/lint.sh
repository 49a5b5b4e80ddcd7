#!/bin/bash
# lint.sh -- tests/lint prints what its checkers found, and nothing else.
. "$(dirname "$0")/lib.sh"

# Checkers that find nothing, and a clang-tidy that counts what it does not
# show in two writes, as clang does, several of them at once.
mkdir "$dir/bin"
for tool in clang-format cppcheck mandoc shellcheck; do
	printf '#!/bin/sh\nexit 0\n' >"$dir/bin/$tool"
done
cat >"$dir/bin/clang-tidy" <<'EOF'
#!/bin/sh
for at; do
	case $at in
	*.c) [ "$at" != "$FOUND" ] || echo "$at:1:1: warning: a finding" ;;
	esac
done
printf 12 >&2
sleep 0.02
echo ' warnings generated.' >&2
echo 'Suppressed 12 warnings (12 in non-user code).' >&2
EOF
printf '#!/bin/sh\necho 4\n' >"$dir/bin/nproc"
chmod +x "$dir/bin"/*

lint()
{
	local status=0
	FOUND=$1 PATH=$dir/bin:$PATH tests/lint 2>&1 || status=$?
	echo "exit $status"
}

same nothing_is_printed_if_all_is_well "$(lint none)" 'exit 0'
same a_finding_is_printed_alone "$(lint common/ring.c)" \
    'common/ring.c:1:1: warning: a finding
exit 1'
