namespace ImgAlign.Search;

/// <summary>Adds the critique to the prompt, where a text encoder that reads only the beginning loses the critique first.</summary>
internal sealed class CritiqueRewriter : IPromptRewriter
{
    public string Rewrite(string prompt, string critique) => $"{prompt.TrimEnd('.', ' ')}. {critique}".TrimEnd();
}
