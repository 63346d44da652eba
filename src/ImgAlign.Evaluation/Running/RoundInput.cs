using ImgAlign.Imaging;

namespace ImgAlign.Evaluation.Running;

/// <summary>What a round of an item begins at.</summary>
/// <param name="Item">The item.</param>
/// <param name="Picture">The picture that is read.</param>
/// <param name="Sample">The sample whose noise is taken again.</param>
/// <param name="Question">What the detector is asked, with <c>{prompt}</c> in the prompt's place; null: what is drawn.</param>
internal sealed record RoundInput(EvaluationItem Item, ChosenPicture Picture, int Sample, string? Question)
{
    /// <summary>The item of a request.</summary>
    public AlignmentItem ToItem() =>
        new(Item.Prompt.Prompt)
        {
            NegativePrompt = Item.Prompt.NegativePrompt,
            Seed = Item.Seed(Sample),
            Size = Item.Prompt.Size,
            Question = Question,
            PictureQuestions = Item.Prompt.PictureQuestions,
            Image = ImageFile.Load(Picture.File),
        };

    /// <summary>What the round's picture follows from.</summary>
    public RecipeItem ToRecipe() =>
        new(Item.Prompt.Prompt, Item.Seed(Sample), Item.Prompt.NegativePrompt, Item.Prompt.Size, Picture.Stored.Sha256, Question);
}
