/**
 * `mandate service`: services and agents of one's own, at the identity provider and the PDP.
 *
 * @module
 */
import { action, type Describe, examples, repeated, withJson } from '../command-line.ts'

export const describeService: Describe = (program, io, outcome) => {
  const group = program.command('service').description('add services and agents of your own')
  describeAdd(group, io, outcome)

  const remove = group
    .command('remove')
    .description('remove a service from the demo in this clone; what it registered at the PDP stays')
    .argument('<name>', 'name of the service')
  examples(remove, 'mandate service remove lab')
  action(withJson(remove), io, outcome, async () => (await import('../service/remove.ts')).removeService)

  const list = group.command('list').description('list the services that were added to the demo in this clone')
  examples(list, 'mandate service list')
  action(withJson(list), io, outcome, async () => (await import('../service/list.ts')).listServices)
}

const describeAdd: Describe = (group, io, outcome) => {
  const add = group
    .command('add')
    .description('add a service or an agent: its client and scope, its registration, an .env file for its process')
    .argument('<name>', 'client id, scope and audience of the service')
    .option('--pack <dir>', 'policy pack of its domain; its types become those of the service')
    .option('--types <list>', 'resource types that the PDP answers it about, with commas; default all of --pack')
    .option('--url <url>', 'where it listens, for the names of its things in the window; default a port in its .env')
    .option('--calls <service>', 'a service that it may call for people; for agents; repeatable', repeated)
    .option(
      '--redirect-uri <uri>',
      'add the host of an AI agent by a third party, such as an MCP client: a public client with PKCE; repeatable',
      repeated,
    )
    // Not --env-file: node reads an option of that name itself, even behind the script's path.
    .option('--out <file>', 'file to write its environment to, mode 0600; default NAME.env')
    .option('--keycloak <url>', 'add it to the realm of this Keycloak instead of the demo in this clone')
    .option(
      '--issuer <url>',
      'with --keycloak: the issuer in tokens; default MANDATE_ISSUER, else the realm at that URL',
    )
    .option('--pdp <url>', 'with --keycloak: the PDP; default MANDATE_PDP')
    .addHelpText(
      'after',
      `
Without --types and --pack it is an agent: the PDP answers it about nothing, and it acts for people at the services
that it calls. Register it with the PDP as well: mandate agent add NAME.

With --redirect-uri it is a host of a third party, which gets tokens of people for the services of --calls. They are
the person through the agent NAME: grants are needed for everything, and nothing in person is possible.

With --keycloak, the administrator of Keycloak's master realm is KEYCLOAK_ADMIN_USERNAME with
KEYCLOAK_ADMIN_PASSWORD, in the environment.`,
    )
  examples(
    add,
    'mandate service add lab --pack ./lab',
    'mandate service add lab-bot --calls lab',
    'mandate service add chat-host --redirect-uri https://chat.example/callback --calls lab',
    'mandate service add lab --pack ./lab --keycloak https://id.example --pdp https://pdp.example',
  )
  action(withJson(add), io, outcome, async () => (await import('../service/add.ts')).addService)
}
