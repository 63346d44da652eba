namespace ImgAlign.Tokenizers;

/// <summary>A token that stands for itself in a text, as a <c>tokenizer.json</c> lists it.</summary>
/// <param name="Content">The string.</param>
/// <param name="Id">Its id.</param>
/// <param name="Special">Whether it is no part of the text that ids decode to.</param>
/// <param name="Normalized">Whether it is looked for in the normalised text, and not in the text as it was written.</param>
internal sealed record AddedToken(string Content, int Id, bool Special = false, bool Normalized = false);
