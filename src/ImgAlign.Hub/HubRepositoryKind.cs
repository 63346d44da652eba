namespace ImgAlign.Hub;

/// <summary>What a repository of the hub holds.</summary>
public enum HubRepositoryKind
{
    /// <summary>A model: <c>owner/name</c>.</summary>
    Model,

    /// <summary>A dataset: <c>datasets/owner/name</c>.</summary>
    Dataset,
}
