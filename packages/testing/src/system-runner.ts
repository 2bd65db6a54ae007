import TestRunner from 'jest-runner'

/** A runner of its own: jest has done with the files of one before it begins with those of the next. */
export default class SystemRunner extends TestRunner {}
