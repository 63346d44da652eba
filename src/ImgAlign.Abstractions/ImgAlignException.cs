namespace ImgAlign;

/// <summary>
/// A failure that the user can correct. The message is one sentence that says what is wrong, where, and what to do.
/// </summary>
public class ImgAlignException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, where, what was expected, and what to do about it.</param>
    /// <param name="innerException">The cause, if another exception led here.</param>
    public ImgAlignException(string message, Exception? innerException = null)
        : base(message, innerException) { }
}
