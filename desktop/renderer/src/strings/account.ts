/**
 * Texts of the screen Account.
 *
 * @module
 */
import { plural } from '@mandate/ui'

export const account = {
  title: 'Account',
  lead: 'Who you are to Mandate, what is kept of you and where, and the way out.',
  who: 'Signed in as',
  name: 'Your name here',
  nameHelp: 'So that you see which account this is. It stays on this device: no service learns it.',
  nameSave: 'Save the name',
  nameSaved: 'Saved on this device.',
  signInAt: 'You sign in at',
  id: 'Your id',
  idHelp: 'No name, no address: this is all that services know you by. Yours is the same in each of them.',
  copy: 'Copy your id',
  copied: 'Copied.',
  number: 'Your number',
  numberHelp:
    'Read it aloud when somebody wants to make sure that it is you. It is made from your id, and is no secret.',
  persona: 'You act as',
  noPersona: 'No persona yet',
  change: 'Change it under Settings',
  kept: 'Your sign-in is kept',
  keptIn: {
    keystore: 'In this system’s keystore, encrypted. Another person who signs in here sees nothing of yours.',
    memory: 'Nowhere: it is forgotten when the app closes, since this system keeps no secrets safely.',
  } as const,
  keptInBrowser: 'Nowhere: it is forgotten when the app closes. Only Electron has access to a keystore.',
  talks: 'Where this app talks to',
  talksLead: 'To these, and to nobody else.',
  issuer: 'Identity provider',
  services: { pdp: 'Decisions and grants', trips: 'Trips' } as Readonly<Record<string, string>>,
  agent: (title: string) => `Agent: ${title}`,
  version: 'Version',
  browserHost: 'Opened in a browser, for development only.',
  policy: 'How to report a security problem',

  data: 'Your data',
  exportTitle: 'Take it with you',
  exportWords:
    'Everything that Mandate, the trips service and this device hold of you, as one JSON file: grants, personas, trips, invitations, the names you gave, and every decision in your name.',
  exportAction: 'Export my data',
  exporting: 'Writing…',
  exported: (name: string) => `Saved as ${name}.`,
  exportedNoName: 'Saved.',
  notExported: 'Nothing was saved.',
  forgetTitle: 'Be forgotten',
  forgetWords: 'Ends everything that runs in your name, and erases who you are. It cannot be undone.',
  forgetAction: 'Forget me…',

  signOut: 'Sign out',
  signOutWords: 'Ends the session here and at the identity provider. Nothing of yours is left in this window.',
  signOutMemory: 'You sign in again the next time. Grants that you gave go on: signing out stops nobody.',
  signingOut: 'Signing out…',
}

export const forget = {
  title: 'Forget me?',
  ends: 'What ends at once',
  grants: (given: number, received: number) =>
    given + received === 0
      ? 'You have no live grants.'
      : `${plural(given + received, 'grant', 'grants')}: ${given} that you or others gave on what is yours, ${received} that you were given.`,
  grantsUnknown: 'Every grant that you gave or were given.',
  personas: (count: number) =>
    count === 0 ? 'You hold no persona.' : `${plural(count, 'persona')} of yours, with your settings for agents.`,
  personasUnknown: 'Every persona of yours, with your settings for agents.',
  session: 'Your session, and what this device keeps for you: names, notes, what was last seen.',
  trips: 'Your things at every service: each is told to erase what it holds of you.',
  remains: 'What remains',
  log: 'The record of decisions, under a pseudonym that nobody can lead back to you any more. It cannot be altered, so that it can be trusted.',
  login:
    'Your login at the identity provider, with its name and address. Whoever runs it must delete it; afterwards you are told how.',
  first: 'Export your data first, if you may want it: afterwards nobody can.',
  typed: 'forget me',
  label: 'Type “forget me” to confirm',
  action: 'Forget me now',
  busy: 'Erasing…',
  doneEnded: (grants: number, personas: number) =>
    `${plural(grants, 'grant', 'grants')} and ${plural(personas, 'persona', 'personas')} have ended.`,
  doneRemains: 'This remains, and only others can remove it:',
  how: 'How:',
  reference: (id: string) => `Reference: ${id}`,
}
