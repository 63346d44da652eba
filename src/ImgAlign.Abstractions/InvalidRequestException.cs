namespace ImgAlign;

/// <summary>A request that cannot be met as it is, by anyone: a value out of its range, or one that the model does not have. The message is
/// one sentence that says what to change.</summary>
/// <param name="message">What is wrong and what to give instead.</param>
/// <param name="member">The member that is wrong, such as <c>Steps</c> or <c>Items[2].Prompt</c>; null where there is no single
/// one.</param>
public sealed class InvalidRequestException(string message, string? member = null) : ArgumentException(message)
{
    /// <summary>The member that is wrong, such as <c>Steps</c> or <c>Items[2].Prompt</c>; null where there is no single one.</summary>
    public string? Member { get; } = member;
}
