namespace ImgAlign;

/// <summary>
/// Settings that only one family of models has: each family that has some implements its own, and refuses those of others.
/// </summary>
public interface IFamilySettings
{
    /// <summary>Refuses values that no model of the family can use.</summary>
    /// <exception cref="InvalidRequestException">A value is out of its range; the message names it.</exception>
    void Check();
}
