/**
 * What `mandate-audit --help` says.
 *
 * @module
 */
export const USAGE = `mandate-audit: read and verify a decision log

  mandate-audit query  (--url URL | --dir LOG) [filters] [--limit N] [--json]
  mandate-audit show   (--url URL | --dir LOG) ID [--json]
  mandate-audit watch  (--url URL | --dir LOG) [filters] [--limit N] [--json]
  mandate-audit export (--url URL | --dir LOG) [filters] [--format jsonl|csv|ocsf] [--out FILE]
  mandate-audit prove  (--url URL | --dir LOG) ID [--out FILE] [--entry-out FILE] [--key VKEY]
  mandate-audit replay --url URL ID [--json]
  mandate-audit verify --dir LOG --key VKEY [--checkpoint FILE [--remember]] [--anchor FILE]
                        [--witness VKEY [--quorum N]] [--json]
  mandate-audit verify --proof FILE --entry FILE --key VKEY [--json]
  mandate-audit witness --listen HOST:PORT --log ORIGIN=VKEY --state DIR [--name NAME]

Sources
  --url URL            a PDP; the token comes from --token-file or MANDATE_TOKEN
  --token-file FILE    file that holds a bearer token
  --dir LOG            a log's directory, live or copied; needs no PDP

Filters of query, watch and export (all that are given must hold)
  --subject --actor --member --caller PARTY    user:…, agent:…, service:…; member: anyone in the chain
  --resource TYPE:ID   --under TYPE:ID         the resource; all under it
  --action NAME        --decision permit|deny
  --reason CODE        --kind KIND             --grant ID
  --from TIME          --to TIME               RFC 3339; from is included, to is not
  --limit N            query: default 50, newest first; watch: end after so many

verify
  --key VKEY           the pinned verifier key, or the file that holds it or several; give it again for a second key
  --checkpoint FILE    a checkpoint from before: truncation and forks since then show
  --anchor FILE        checkpoints that an anchor gathered (PDP_ANCHOR_FILE): the log must fit each of them
  --remember           when all is well, write the newest checkpoint to that file
  --witness VKEY       the pinned key of a witness that must have cosigned; give it again for others
  --quorum N           so many of them are enough
  --archive DIR        where the log's sealed entries are, with --archive-key FILE: they are read like the others
  --sealed             go by the hashes of sealed entries
  --proof, --entry     what prove wrote, or the page saved: one entry, checked with nothing but the key

prove, export
  --out FILE           default standard output; a file is there as a whole or not at all
  --entry-out FILE     the entry's canonical bytes, which are what was hashed
  --key VKEY           prove: write nothing that does not verify with it

witness: cosigns checkpoints of logs that only grow (C2SP tlog-witness), until it is stopped
  --log ORIGIN=VKEY    a log and its key; give it again for a second key or another log
  --state DIR          where its key and what it cosigned are kept
  --name NAME          of its key when that is made; default mandate-witness.invalid

Exit codes
  0 all is well (watch: ended by Ctrl-C)    1 verification failed    64 wrong usage
  65 unreadable data or answer, or a question that cannot be asked again    66 no such decision or file
  69 unreachable, or broken off    70 broken on our side    77 not allowed

Examples
  mandate-audit query --url http://127.0.0.1:7400 --actor agent:booking-agent --decision deny
  mandate-audit query --dir ./log --under workflow:w-17 --json
  mandate-audit show --dir ./log 01KC0000000000000000000000
  mandate-audit verify --dir ./log --key ./log.vkey --checkpoint ./seen.checkpoint --remember
  mandate-audit prove --dir ./log 01KC0000000000000000000000 --out hotel.tlog-proof --entry-out hotel.json
  mandate-audit verify --proof hotel.tlog-proof --entry hotel.json --key ./log.vkey
  mandate-audit watch --url https://pdp.example --token-file ./token --member agent:booking-agent
  mandate-audit export --dir ./log --from 2026-10-01T00:00:00Z --format csv --out october.csv
`
