/** Something the person at the keyboard must do first; the message says what. */
export class SetUpError extends Error {
  name = 'SetUpError'
}
