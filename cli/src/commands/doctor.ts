/**
 * `mandate doctor`: what does not work between this machine, the PDP and the identity provider.
 *
 * @module
 */
import { action, type Describe, examples, withServiceConnection } from '../command-line.ts'

export const describeDoctor: Describe = (program, io, outcome) => {
  const doctor = withServiceConnection(
    program
      .command('doctor')
      .description('check addresses, clocks, sign-in and readiness, and say how to mend what does not work'),
  )
  examples(doctor, 'mandate doctor', 'mandate doctor --pdp https://pdp.example --json')
  action(doctor, io, outcome, async () => (await import('../doctor/doctor.ts')).doctor)
}
