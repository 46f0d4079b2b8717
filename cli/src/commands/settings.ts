/**
 * `mandate settings`.
 *
 * @module
 */
import { Option } from 'commander'
import { action, choice, type Describe, examples, repeated, withConnection } from '../command-line.ts'

const load = () => import('../settings/settings.ts')

export const describeSettings: Describe = (program, io, outcome) => {
  const settings = program
    .command('settings')
    .description('what agents may do in your name without asking you: consent and limits')

  const show = withConnection(
    settings
      .command('show')
      .description('show the settings of your personas')
      .argument('[persona]', 'TITLE/CIRCLE; default all'),
  )
  examples(show, 'mandate settings show', 'mandate settings show donor/ward-2')
  action(show, io, outcome, async () => (await load()).showSettings)

  const set = withConnection(
    settings
      .command('set')
      .description('change consent and limits; what is not named stays')
      .argument('<persona>', 'TITLE/CIRCLE')
      .addOption(choice('--consent <answer>', 'may agents act in your name without asking', ['yes', 'no']))
      .addOption(new Option('--limit <limit>', 'GATE=VALUE, such as price="500 EUR"; repeatable').argParser(repeated))
      .option('--clear', 'remove all settings: agents may do nothing on their own'),
  )
  examples(
    set,
    'mandate settings set donor/ward-2 --consent yes --limit volume=10',
    "mandate settings set traveler/family --limit 'price=500 EUR' --limit lead_time=7d",
    'mandate settings set traveler/family --clear',
  )
  action(set, io, outcome, async () => (await load()).setSettings)
}
