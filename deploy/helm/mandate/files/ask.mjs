// `helm test`: whether a PDP is ready, and whether its AuthZEN metadata names where it evaluates.
const ask = async (path) => {
  const response = await fetch(process.env.MANDATE_PDP_URL + path, { signal: AbortSignal.timeout(10_000) })
  const body = await response.json()
  process.stdout.write(`${path} ${response.status} ${JSON.stringify(body)}\n`)
  if (response.status !== 200) process.exit(1)
  return body
}
await ask('/readyz')
const metadata = await ask('/.well-known/authzen-configuration')
if (!metadata.access_evaluation_endpoint) process.exit(1)
