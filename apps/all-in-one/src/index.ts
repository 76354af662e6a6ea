export { type AllInOne, startAllInOne } from './start-all-in-one.ts'
