/** Called with what is going on, at least every two seconds while something takes long. */
export type ImageProgress = (message: string) => void

export type ImageFailureCode =
  | 'tools-missing'
  | 'disk-full'
  | 'download-failed'
  | 'too-large'
  | 'not-an-image'
  | 'build-failed'

/** There is no guest image, and why; nothing half is left. The message says what to do. */
export class ImageUnavailable extends Error {
  readonly code: ImageFailureCode
  constructor(code: ImageFailureCode, message: string) {
    super(message)
    this.name = 'ImageUnavailable'
    this.code = code
  }
}
