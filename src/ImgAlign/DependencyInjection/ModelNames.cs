namespace ImgAlign.DependencyInjection;

/// <summary>The names under which models were registered, by contract, the last one last.</summary>
internal sealed class ModelNames
{
    private readonly Dictionary<Type, List<string>> names = [];
    private readonly Dictionary<string, string?> backboneOfScorer = [];

    public void Add<T>(string name)
    {
        var list = Of<T>();
        list.Remove(name);
        list.Add(name);
    }

    /// <summary>Adds a scorer.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="backbone">The backbone whose pictures it is for; null: any.</param>
    public void AddScorer(string name, string? backbone)
    {
        Add<IImageScorer>(name);
        backboneOfScorer[name] = backbone;
    }

    /// <summary>The scorers for a backbone's pictures, in the order in which they were registered.</summary>
    public IList<string> ScorersOf(string backbone) =>
        [.. Of<IImageScorer>().Where(name => backboneOfScorer[name] is not { } only || only == backbone)];

    /// <summary>Why a choice cannot be made, or null.</summary>
    public string? Problem<T>(string? choice, string contract)
    {
        var list = Of<T>();
        if (list.Count == 0)
            return $"No {contract} is registered; call {(typeof(T) == typeof(IImageScorer) ? "Add" : "Use")}{contract} or one "
                + "of its kind on the builder.";
        if (choice is not null && !list.Contains(choice))
            return $"{contract} '{choice}' is not registered; registered are: {string.Join(", ", list)}.";
        return null;
    }

    /// <summary>The chosen name, or the one that was registered last.</summary>
    /// <exception cref="ImgAlignException">There is no such model.</exception>
    public string Choose<T>(string? choice, string contract) =>
        Problem<T>(choice, contract) is { } problem ? throw new ImgAlignException(problem) : choice ?? Of<T>()[^1];

    private List<string> Of<T>() => names.TryGetValue(typeof(T), out var list) ? list : names[typeof(T)] = [];
}
