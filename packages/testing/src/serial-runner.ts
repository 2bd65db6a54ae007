import TestRunner from 'jest-runner'

/** jest runs the files of a serial runner one after the other, and only when no other runner is at work. */
export default class SerialRunner extends TestRunner {
  override readonly isSerial = true
}
