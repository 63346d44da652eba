namespace ImgAlign.Scorers.Means;

/// <summary>A row of <c>dpg_bench.csv</c>.</summary>
/// <param name="Item">The prompt's id.</param>
/// <param name="Id">The question's id within the prompt.</param>
/// <param name="Parents">The questions that must be answered with yes for this one to count.</param>
/// <param name="Tuple">What it is about, such as <c>attribute - color (cube, red)</c>.</param>
public sealed record DpgQuestion(string Item, int Id, IReadOnlyList<int> Parents, string Tuple)
{
    /// <summary>The category, such as <c>attribute - color</c>.</summary>
    public string Category => Tuple.Split('(')[0].Trim();

    /// <summary>The broad category, such as <c>attribute</c>.</summary>
    public string BroadCategory => Category.Split('-')[0].Trim();
}
