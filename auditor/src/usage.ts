/**
 * The text of `mandate-audit --help`.
 *
 * @module
 */
const COMMANDS = `  mandate-audit query  (--url URL | --dir LOG) [filters] [--limit N] [--json]
  mandate-audit show   (--url URL | --dir LOG) ID [--json]
  mandate-audit watch  (--url URL | --dir LOG) [filters] [--limit N] [--json]
  mandate-audit export (--url URL | --dir LOG) [filters] [--format jsonl|csv|ocsf] [--out FILE]
  mandate-audit prove  (--url URL | --dir LOG) ID [--out FILE] [--entry-out FILE] [--key VKEY]
  mandate-audit replay --url URL ID [--policy VERSION] [--json]
  mandate-audit verify --dir LOG --key VKEY [--checkpoint FILE [--remember]] [--anchor FILE]
                        [--witness VKEY [--quorum N]] [--archive DIR (--archive-key FILE | --hashes-only)]
                        [--json]
  mandate-audit verify --proof FILE --entry FILE --key VKEY [--json]
  mandate-audit witness --listen HOST:PORT --log ORIGIN=VKEY --state DIR [--name NAME]
`

/** The text of `mandate-audit --help`. */
export const USAGE = `mandate-audit: read and verify a decision log

${COMMANDS}
query lists entries, show prints one, watch follows new ones, export writes all matching
ones to a file. prove writes the proof that an entry is in the log; verify checks a whole log
or one such proof. replay evaluates a logged request again, with --policy by a version that was loaded
before (auditors, operators). ID is the id of a decision.

Sources
  --url URL            a PDP; the token is read from --token-file or MANDATE_TOKEN. Repeatable: of several
                       PDPs that share an index, the next one is asked when one is unavailable, and prove
                       finds the one that writes the entry's log
  --token-file FILE    a file with a bearer token
  --dir LOG            a log directory, live or copied; works without a PDP

Filters of query, watch and export (an entry must match all of them)
  --subject --actor --caller PARTY             user:…, agent:… or service:…
  --member PARTY                               delegator or delegate in the chain of grants
  --resource TYPE:ID   --under TYPE:ID         the resource; or it and everything below it
  --action NAME        --decision permit|deny
  --reason CODE        --kind KIND             --grant ID
  --from TIME          --to TIME               RFC 3339; from inclusive, to exclusive
  --limit N            query: how many, newest first (default 50); watch: stop after N entries

verify (offline)
  --key VKEY           the log's trusted verifier key, or a file with one key per line; repeatable
  --checkpoint FILE    a checkpoint saved earlier: detects truncation and forks since then
  --remember           save the newest checkpoint to that file when the verification succeeds
  --anchor FILE        checkpoints kept by an anchor (PDP_ANCHOR_FILE): the log must extend each of them
  --witness VKEY       trusted key of a witness that must have cosigned; repeatable
  --quorum N           how many of these witnesses must have cosigned; default all
  --archive DIR        archive of the log's old ("sealed") entries; read with --archive-key FILE
  --hashes-only        verify archived entries by their hashes, without reading them (also: --sealed)
  --proof, --entry     a proof and its entry, as written by prove or saved from the auditor's page

prove, export
  --out FILE           write to a file (complete or not at all); default standard output
  --entry-out FILE     prove: write the entry's canonical JSON, the bytes that the log hashes
  --key VKEY           prove: verify the proof with this key first, and write nothing if that fails

witness: cosigns checkpoints of logs that only append (C2SP tlog-witness); runs until Ctrl-C
  --listen HOST:PORT   address of its HTTP server
  --log ORIGIN=VKEY    a log and its key; repeatable, for several logs or several keys of one
  --state DIR          directory for the witness's key and the checkpoints that it cosigned
  --name NAME          name of the key when it is created; default mandate-witness.invalid

Exit codes
  0 success (watch: ended by Ctrl-C)        1 verification failed       64 wrong usage
  65 malformed data or response, or a request that cannot be replayed   66 no such decision or file
  69 unreachable or interrupted             70 internal error           77 not allowed

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
